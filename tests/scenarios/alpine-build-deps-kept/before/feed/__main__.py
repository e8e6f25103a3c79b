print('feed')
